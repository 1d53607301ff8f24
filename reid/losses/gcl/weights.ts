/** Weights of the terms, with the original's names in brackets. */
export interface GCLWeights {
  /** Of every adversarial term (`gan_w`). */
  readonly adversarial: number;
  /** Of the photos drawn again (`recon_x_w`), and back from the novel view (`recon_x_cyc_w`). */
  readonly reconstruction: number;
  readonly cycle: number;
  /** Of the codes of both (`recon_f_w`). */
  readonly code: number;
  /** Of the codes of novel views and of blends, which the release leaves out (0) and the paper's text has for novel views. */
  readonly novelCode: number;
  readonly mixedCode: number;
  /** Of the contrast with the memory (`memory_id_w`). */
  readonly memory: number;
  /** Of the prototypes (`id_w`). */
  readonly identity: number;
}

export const GCL_WEIGHTS: GCLWeights = {
  adversarial: 1,
  reconstruction: 5,
  cycle: 5,
  code: 5,
  novelCode: 0,
  mixedCode: 0,
  memory: 1,
  identity: 1,
};
