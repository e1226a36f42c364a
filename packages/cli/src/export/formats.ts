/** All formats of `surge-bnn export`. */
import type { ExportFormat } from './format.js';
import { integers } from './integers.js';
import { onnx } from './onnx.js';

export const formats: readonly ExportFormat[] = [onnx, integers];
