/** The body of an inspecting thread. */
import { answerQuestions } from './answer-questions.node.js';
import { inspectFile } from './inspect-file.js';

answerQuestions((path: string, { decode }: { readonly decode: boolean }) => inspectFile(path, decode));
