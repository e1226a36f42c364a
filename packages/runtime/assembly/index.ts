/** The module's exports. */
export { run } from './program';
