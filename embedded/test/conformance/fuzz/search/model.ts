/** A document as the model has it; one that is made later is newer. */
export interface ModelDocument {
  readonly n: number;
  readonly body?: string | null;
  readonly tag?: string;
  readonly kind?: number;
}

/** A document that a search should find, and its score. */
export interface Scored {
  readonly n: number;
  readonly score: number;
  /** All that its score depends on: the terms that it has, how often, and its length. */
  readonly likeness: string;
}

const MAX_TERMS = 16;
const MAX_UNIQUE = 64;
const MAX_FOUND = 1_024;

/**
 * What a search should find of all documents, in no order, with scores: by the documentation and
 * the public source of Convex, from the documents alone.
 */
export function expectedOf(
  documents: readonly ModelDocument[],
  text: string,
  equal: Partial<Pick<ModelDocument, "tag" | "kind">>,
): Scored[] {
  const all = documents.map((document) => ({
    document,
    terms: typeof document.body === "string" ? words(document.body) : [],
  }));
  const asked = words(text).slice(0, MAX_TERMS);
  const last = asked.at(-1);
  if (last === undefined) return [];
  const vocabulary = [...new Set(all.flatMap(({ terms }) => terms))].sort(
    byBytes,
  );
  const boosts = new Map<string, number>();
  for (const term of asked) if (vocabulary.includes(term)) boosts.set(term, 1);
  let room = MAX_UNIQUE - boosts.size - Object.keys(equal).length;
  for (const term of vocabulary) {
    if (!term.startsWith(last) || boosts.has(term)) continue;
    if (room-- <= 0) break;
    boosts.set(term, 0.5);
  }
  const average = sum(all.map(({ terms }) => terms.length)) / all.length;
  const weights = [...boosts].map(([term, boost]) => {
    const having = all.filter(({ terms }) => terms.includes(term)).length;
    const idf = Math.log(1 + (all.length - having + 0.5) / (having + 0.5));
    return [term, idf * boost] as const;
  });
  return all.flatMap(({ document, terms }) => {
    const isLeftOut = Object.entries(equal).some(
      ([field, value]) => document[field as "tag"] !== value,
    );
    if (isLeftOut) return [];
    const norm = 1.2 * (0.25 + (0.75 * rounded(terms.length)) / average);
    const frequencies = weights.flatMap(([term, weight]) => {
      const frequency = terms.filter((one) => one === term).length;
      return frequency === 0 ? [] : [{ term, weight, frequency }];
    });
    if (frequencies.length === 0) return [];
    const score = sum(
      frequencies.map(
        ({ weight, frequency }) =>
          (weight * 2.2 * frequency) / (frequency + norm),
      ),
    );
    const likeness = JSON.stringify([frequencies, norm]);
    return [{ n: document.n, score, likeness }];
  });
}

/**
 * Why `found` is not what a search should come to; null where it is. Scores within a hundred
 * thousandth of each other may come in either order, but for those of documents that are alike.
 */
export function mismatch(
  expected: readonly Scored[],
  found: readonly number[],
): string | null {
  const scores = new Map(expected.map((one) => [one.n, one]));
  if (new Set(found).size !== found.length) return "a document came twice";
  const count = Math.min(expected.length, MAX_FOUND);
  if (found.length !== count) return `${found.length} instead of ${count}`;
  const got = found.map((n) => scores.get(n));
  const stranger = found.find((_, i) => got[i] === undefined);
  if (stranger !== undefined) return `${stranger} should not be found`;
  for (let i = 1; i < found.length; i += 1) {
    const [before, after] = [got[i - 1]!, got[i]!];
    if (after.score > before.score * (1 + 1e-5)) {
      return `${after.n} (${after.score}) is after ${before.n} (${before.score})`;
    }
    if (after.likeness === before.likeness && after.n > before.n) {
      return `${after.n} is newer than ${before.n}, and after it`;
    }
  }
  const worst = got.at(-1)?.score ?? 0;
  const missing = expected.find(
    ({ n, score }) => score > worst * (1 + 1e-5) && !found.includes(n),
  );
  return missing === undefined ? null : `${missing.n} is missing`;
}

/** Words in lower case, of letters, digits and signs of other scripts, below 32 bytes. */
function words(text: string): string[] {
  const found: string[] = [];
  let word = "";
  for (const character of `${text} `) {
    if (/[\p{Alphabetic}\p{Nd}\p{Nl}\p{No}]/u.test(character)) {
      word += character;
      continue;
    }
    if (word !== "" && Buffer.byteLength(word) < 32) {
      found.push([...word].map((one) => one.toLowerCase()).join(""));
    }
    word = "";
  }
  return found;
}

/** A text's length as it counts: above 40 words, the next lower of a few. */
function rounded(length: number): number {
  if (length < 40) return length;
  const above = length - 24;
  const step = 2 ** (Math.floor(Math.log2(above)) - 3);
  return 24 + Math.floor(above / step) * step;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
