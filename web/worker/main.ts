/** The worker: the engine, the data and the runs live here, so that the page stays free. */
import { decodeInWorkers } from '../../datasets/decoders.browser.js';
import type { Asked, Told } from '../wire.js';
import { api } from './api.js';
import type { Job } from './job.js';

type AnyHandler = (input: unknown, job: Job<unknown>) => Promise<unknown>;

decodeInWorkers(() => new Worker(new URL('./decoder.js', import.meta.url), { type: 'module', name: 'decoder' }));

const under = new Map<number, AbortController>();

const tell = (message: Told, transfer: Transferable[] = []): void => postMessage(message, { transfer });

self.addEventListener('message', async ({ data }: MessageEvent<Asked>) => {
  if ('cancel' in data) return under.get(data.cancel)?.abort();
  const { id, name, input } = data;
  const controller = new AbortController();
  under.set(id, controller);
  try {
    const handler = (api as unknown as Readonly<Record<string, AnyHandler>>)[name]!;
    const result = await handler(input, {
      tell: (event, transfer) => tell({ id, event }, transfer),
      signal: controller.signal,
    });
    tell({ id, result });
  } catch (error) {
    const { name: kind, message, stack } = error instanceof Error ? error : new Error(String(error));
    tell({ id, error: { name: kind, message, stack } });
  } finally {
    under.delete(id);
  }
});
