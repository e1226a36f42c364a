/** All formats of `surge-bnn export`. */
import type { ExportFormat } from './format.js';
import { onnx } from './onnx.js';

export const formats: readonly ExportFormat[] = [onnx];
