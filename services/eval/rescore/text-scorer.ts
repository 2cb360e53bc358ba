/** Whole texts as a language model judges them: what choosing from a list of hypotheses needs. */

export interface TextQuery {
  /** ISO 639-1; 'und' where nothing says. */
  readonly language: string;
  /** A sentence or two on the domain, shown before the text; '' for none. */
  readonly prompt: string;
  readonly hotwords: readonly string[];
  readonly texts: readonly string[];
}

export interface TextScore {
  /** log P(bytes of the text | prompt), natural log; end of text not counted, as in the fused search. */
  readonly logProb: number;
  /** UTF-8 bytes as the model saw them. */
  readonly bytes: number;
}

export interface TextReply {
  /** False where the model's trimmed vocabulary is not for the language; `scores` is then empty. */
  readonly isCovered: boolean;
  /** In the order of the texts. */
  readonly scores: readonly TextScore[];
}

export interface TextScorer {
  score(query: TextQuery, signal?: AbortSignal): Promise<TextReply>;
  close(): Promise<void>;
}
