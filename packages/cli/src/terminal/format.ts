/** Numbers as people read them; a missing or non-finite number is a dash, never "NaN" or "undefined". */
import { bytesText } from '@surge-bnn/contract';

/** A number that may be missing: JSON has no NaN, so files hold null where there was one. */
export type Maybe = number | null | undefined;

export const missing = '–';

/** 0.9712 -> "97.12 %". */
export function percent(share: Maybe, digits = 2): string {
  return isNumber(share) ? `${(100 * share).toFixed(digits)} %` : missing;
}

/** A difference of two shares in percentage points: 0.0013 -> "+0.13". */
export function points(difference: Maybe): string {
  if (!isNumber(difference)) return missing;
  const text = (100 * difference).toFixed(2);
  return difference >= 0 ? `+${text}` : text;
}

/** Seconds as "8.4 s", "3 min 05 s" or "2 h 10 min". */
export function duration(seconds: Maybe): string {
  if (!isNumber(seconds)) return missing;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** 1234567 -> "1,234,567". */
export function count(value: Maybe): string {
  return isNumber(value) ? Math.round(value).toLocaleString('en-US') : missing;
}

/** Bytes as "512 B", "13.5 kB" or "1.42 MB" (powers of ten). */
export function bytes(value: Maybe): string {
  return isNumber(value) ? bytesText(value) : missing;
}

/** Four figures, by exponent where that is shorter: 0.08213, 1.25e-7. */
export function figures(value: Maybe, digits = 4): string {
  if (!isNumber(value)) return missing;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(digits - 2);
  return value.toPrecision(digits);
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
