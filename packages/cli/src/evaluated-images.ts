/** What an accuracy is of, in words: nobody shall take a copy of a data set, or held-out images, for the published test set. */
import type { RunSummary } from '@surge-bnn/train';

/** "10,000 test images of CIFAR-10 (JPEG q75 copy)", "872 texts of SST-2 (GLUE), dev". */
export function evaluatedImages({
  evaluationImages,
  evaluatedOn,
  dataTitle,
  unit,
}: Pick<RunSummary, 'evaluationImages' | 'evaluatedOn' | 'dataTitle' | 'unit'>): string {
  const images = evaluatedOn === 'test' ? 'test images' : evaluatedOn;
  const of = dataTitle === undefined ? '' : ` of ${dataTitle}`;
  // The title of texts names the file that they are of.
  return `${evaluationImages.toLocaleString('en-US')} ${unit ?? images}${of}`;
}
