/** A worker that decodes pictures, by the project's own decoder. */
import { answerDecoding } from '../../datasets/decoders.browser.js';

answerDecoding();
