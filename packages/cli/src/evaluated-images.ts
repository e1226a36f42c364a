/** What an accuracy is of, in words: nobody shall take a copy of a data set, or held-out images, for the published test set. */
import type { RunSummary } from '@surge-bnn/train';

/** "10,000 test images of CIFAR-10 (JPEG q75 copy)". */
export function evaluatedImages({
  evaluationImages,
  evaluatedOn,
  dataTitle,
}: Pick<RunSummary, 'evaluationImages' | 'evaluatedOn' | 'dataTitle'>): string {
  const images = evaluatedOn === 'test' ? 'test images' : evaluatedOn;
  const of = dataTitle === undefined ? '' : ` of ${dataTitle}`;
  return `${evaluationImages.toLocaleString('en-US')} ${images}${of}`;
}
