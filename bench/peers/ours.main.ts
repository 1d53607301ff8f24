// node dist/bench/peers/ours.main.js: started by main.ts.

import { ourProgram } from './ours.js';
import { serve } from './serve.js';

serve(await ourProgram());
