/** The proof that a trained network computes with its binary weights and not around them. */
import type { ShuffleProof } from '../report/model.js';

/** Any fixed number: the proof does not depend on which shuffle it is. */
const SHUFFLE_SEED = 1;

/** Accuracy of a run's network as trained, and after the weights of each binary layer changed places. */
export async function shuffleProof(folder: string, label: string): Promise<ShuffleProof> {
  const { evaluateModel, loadRun, shuffleBinaryWeights } = await import('@surge-bnn/train');
  const { model, data, normalization } = await loadRun(folder);
  try {
    const { accuracy } = await evaluateModel(model, data.evaluation, { normalization });
    shuffleBinaryWeights(model, SHUFFLE_SEED);
    const shuffled = await evaluateModel(model, data.evaluation, { normalization });
    return { label, accuracy, shuffledAccuracy: shuffled.accuracy };
  } finally {
    model.dispose();
  }
}
