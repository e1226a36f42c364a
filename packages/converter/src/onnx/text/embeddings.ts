/** The embeddings of pieces, places and types, and the prediction of pieces by the words' own vectors. */
import type { TextRule } from './rule.js';

/** Ids become their rows, vectors their products with all rows: the same tensor for both. */
export const wordEmbedding: TextRule = ({ values: [x], ranks: [rank], write }) => {
  const table = write.weight('table', 'weight');
  if (rank === 2) return write.last('Gather', [table, x], { axis: 0 });
  const columns = write.step('columns', 'Transpose', [table], { perm: [1, 0] });
  return write.last('MatMul', [x, columns]);
};

/** words + types + places, added in this order. A text that is too long asks for rows that are not there: an error of the runtime's. */
export const placeEmbedding: TextRule = ({ values: [words, types], write }) => {
  const kinds = write.weight('types', 'token_type_embeddings.weight');
  const places = write.weight('positions', 'position_embeddings.weight');
  const ofTypes = write.step('types', 'Gather', [kinds, types], { axis: 0 });
  const lengths = write.step('lengths', 'Shape', [types]);
  const length = write.step('length', 'Gather', [lengths, write.integer(1)], { axis: 0 });
  const range = [write.integer(0), length, write.integer(1)];
  const ofPlaces = write.step(
    'places',
    'Gather',
    [places, write.step('place_ids', 'Range', range)],
    { axis: 0 },
  );
  return write.last('Add', [write.step('typed', 'Add', [words, ofTypes]), ofPlaces]);
};

/** [batch, length, width] to [batch, width]. */
export const firstPiece: TextRule = ({ values: [x], write }) =>
  write.last('Gather', [x, write.integer(0)], { axis: 1 });
