import type { Shape } from '../../../../engine/shape.js';

/** What is used of onnxruntime-web. */
interface Runtime {
  readonly env: { readonly wasm: { numThreads: number } };
  readonly InferenceSession: { create(model: Uint8Array): Promise<Session> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: Shape) => RuntimeTensor;
}

interface RuntimeTensor {
  readonly data: Float32Array;
  readonly dims: Shape;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

/** The package, whose types are not asked for: it may not be installed. */
const PACKAGE = 'onnxruntime-web';

async function load(): Promise<Runtime | undefined> {
  try {
    const loaded = (await import(PACKAGE)) as Runtime;
    // More threads would need workers.
    loaded.env.wasm.numThreads = 1;
    return loaded;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.log(`${PACKAGE} is not installed, so exported models are not run: npm ci`);
    return undefined;
  }
}

/** ONNX Runtime Web, which computes in WebAssembly, or undefined where it is not installed. */
export const runtime = await load();

/** A result of a model: one tensor for each of its outputs. */
export type Results = readonly { readonly data: Float32Array; readonly dims: Shape }[];

/** Opens a model; what it gives for a batch is computed by ONNX Runtime. */
export async function openModel(bytes: Uint8Array): Promise<{
  readonly run: (data: Float32Array, shape: Shape) => Promise<Results>;
  readonly close: () => Promise<void>;
}> {
  const { InferenceSession, Tensor } = runtime!;
  const session = await InferenceSession.create(bytes);
  return {
    run: async (data, shape) => {
      const results = await session.run({ [session.inputNames[0]!]: new Tensor('float32', data, shape) });
      return session.outputNames.map((name) => results[name]!);
    },
    close: () => session.release(),
  };
}
