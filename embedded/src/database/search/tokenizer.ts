import type { Key } from "../../storage/store.js";

/** A word: letters and numbers as Unicode has them; all else divides. */
const WORD = /[\p{Alphabetic}\p{N}]+/gu;
// eslint-disable-next-line no-control-regex -- all of ASCII
const ASCII = /^[\x00-\x7f]*$/;

/** Bytes of UTF-8 from which on a word is left out, as by Convex. */
const TOO_LONG_BYTES = 32;

/**
 * The terms of a text as Convex's tokenizer has them, in order and with their repetitions: words in
 * lower case, character by character, as UTF-8. None has a zero byte.
 */
export function* termsOf(text: string): Iterable<Key> {
  for (const word of text.match(WORD) ?? []) {
    if (ASCII.test(word)) {
      if (word.length < TOO_LONG_BYTES) yield word.toLowerCase();
    } else if (Buffer.byteLength(word) < TOO_LONG_BYTES) {
      yield Buffer.from(lowerCase(word)).toString("latin1");
    }
  }
}

/** Each character for itself: a sigma at the end of a word is one like any other. */
function lowerCase(word: string): string {
  return Array.from(word, (character) => character.toLowerCase()).join("");
}
