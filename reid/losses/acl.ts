import { crossEntropy } from '../../engine/ops/loss.js';
import { matmul } from '../../engine/ops/matmul.js';
import { mulScalar } from '../../engine/ops/unary.js';
import { transpose } from '../../engine/ops/view.js';
import type { Tensor } from '../../engine/tensor.js';
import { updateMemoryTable } from './memory-table.js';

/**
 * The agglomerative clustering loss (Lin et al., "A bottom-up clustering approach to unsupervised person re-identification",
 * AAAI 2019; Nikhal and Riggan, WACV 2021): cross entropy of t V·u over the rows of a table of clusters, averaged over the batch.
 * The table is a constant; of the logits [N, K] one copy is held, probabilities are never stored. Rows that were not visited yet are 0
 * and have the logit 0: with an empty table the loss is ln K.
 *
 * @param embeddings [N, D]
 * @param labels int32 [N]: clusters
 * @param table V [K, D], which {@link updateClusterTable} moves after the gradient was computed
 * @param sharpness t, the inverse of a temperature
 */
export const clusteringLoss = (embeddings: Tensor, labels: Tensor, table: Tensor, sharpness = 10): Tensor =>
  crossEntropy(matmul(mulScalar(embeddings, sharpness), transpose(table.detach())), labels);

/** V_y ← normalised((V_y + u) / 2) for the rows of a batch, one after the other. */
export const updateClusterTable = (table: Tensor, embeddings: Tensor, labels: Tensor): void =>
  updateMemoryTable(table, embeddings, labels, { momentum: 0.5 });
