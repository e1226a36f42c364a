/** What the arithmetic of boxes refuses because of a network's numbers, apart from calls that are wrong. */

/** A score or a box that is NaN: a network that overflows, or was trained to nonsense. The message says which numbers. */
export class NotFiniteError extends RangeError {
  override readonly name = 'NotFiniteError';
}
