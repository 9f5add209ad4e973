import type { Random } from "../support/random.js";
import { badBase64, nestedText, oddText } from "./attack.js";

/** The JSON text of arguments that no function may be called with, with a name of the fault. */
export function badArgs(random: Random): { name: string; text: string } {
  const name = random.weighted({
    "deep nesting": 2,
    "a prototype key": 3,
    "a reserved key": 3,
    "bad base64": 4,
    "a special value of a wrong type": 3,
    "no object": 3,
    "too many elements": 1,
    "too many fields": 1,
    "a name that is too long": 1,
    "a name that is not ASCII": 1,
  });
  return {
    name: `arguments with ${name}`,
    text: within(random, TEXTS[name](random)),
  };
}

const TEXTS = {
  "deep nesting": () => `{"a":${nestedText(10_000)}}`,
  "a prototype key": (random: Random) =>
    `{"__proto__":${random.pick(["1", "{}", '{"n":1}', "[]"])}}`,
  "a reserved key": (random: Random) =>
    `{"$${random.pick(["", "a", "set", "undefined", "ref"])}":1,"b":2}`,
  "bad base64": (random: Random) =>
    `{"a":{"${random.pick(["$integer", "$float", "$bytes"])}":${JSON.stringify(`${badBase64(random)}!`)}}}`,
  "a special value of a wrong type": (random: Random) =>
    `{"a":{"${random.pick(["$integer", "$float", "$bytes"])}":${random.pick(["1", "null", "{}", "[]", "true"])}}}`,
  "no object": (random: Random) =>
    random.pick(["3", '"text"', "true", "[1]", "[[]]", "[{},{}]", "[null]"]),
  "too many elements": () => `{"a":[${"0,".repeat(8_192)}0]}`,
  "too many fields": () =>
    `{${Array.from({ length: 1_025 }, (_, i) => `"f${i}":0`).join()}}`,
  "a name that is too long": () => `{"${"n".repeat(1_025)}":0}`,
  "a name that is not ASCII": (random: Random) =>
    `{${JSON.stringify(random.pick(["é", "\u{1f600}", "\u0007", "\ud800"]))}:0}`,
};

/** The fault at some deeper place; arguments that are no object stay as they are. */
function within(random: Random, text: string): string {
  if (!text.startsWith("{") || random.chance(0.5)) return text;
  return random.chance(0.5) ? `{"x":${text}}` : `{"x":[0,${text}]}`;
}

/** A JSON text, whole or not, that starts like a sound message. */
export function spoiled(random: Random, sound: string): string {
  const kind = random.below(4);
  if (kind === 0) return sound.slice(0, random.below(sound.length));
  if (kind === 1) return sound + random.pick(["}", "]", ",", "null", "\0"]);
  const characters = [...sound];
  for (let i = 0; i <= random.below(5); i += 1) {
    const at = random.below(characters.length);
    characters[at] = random.pick(['"', "{", "}", "[", ",", "\0", "9", "é"]);
  }
  return `${characters.join("")}${random.pick(["{", "\\", '"'])}`;
}

/** Paths that name no function one may call. */
export function badPath(random: Random): string {
  return random.pick([
    "f:nothing",
    "f:hidden",
    "nowhere:get",
    "f:__proto__",
    "f:constructor",
    "__proto__:get",
    "constructor:constructor",
    "f:toString",
    "_system/cli/tables",
    "../f:get",
    "f:get:get",
    "f.js.js:get",
    `f:${"x".repeat(3_000)}`,
    oddText(random),
  ]);
}
