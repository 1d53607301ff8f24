import { parentPort } from 'node:worker_threads';
import { DatasetError } from './error.js';
import type { Answered, Asked } from './worker-pool.node.js';

/**
 * Makes a worker thread of a `WorkerPool` answer by `work`.
 *
 * @param transfer the memory of an answer that is moved to the other thread instead of copied
 */
export function answerQuestions<Question, Answer>(
  work: (path: string, question: Question) => Promise<Answer>,
  transfer: (answer: Answer) => readonly ArrayBuffer[] = () => [],
): void {
  parentPort?.on('message', async ({ id, path, question }: Asked<Question>) => {
    let reply: Answered<Answer>;
    try {
      reply = { id, answer: await work(path, question) };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      reply = { id, error: text, aboutData: error instanceof DatasetError };
    }
    parentPort?.postMessage(reply, 'answer' in reply ? transfer(reply.answer) : []);
  });
}
