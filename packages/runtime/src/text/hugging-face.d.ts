/**
 * What word-piece.ts uses of @huggingface/tokenizers 0.2.0, whose own declarations import each other without file endings: TypeScript finds nothing in
 * them under Node's resolution, and everything would be any.
 */
declare module '@huggingface/tokenizers' {
  /** Made of the content of tokenizer.json and of tokenizer_config.json. */
  export class Tokenizer {
    constructor(tokenizer: object, config: object);
    encode(
      text: string,
      options: { readonly add_special_tokens: boolean },
    ): { readonly ids: readonly number[] };
  }
}
