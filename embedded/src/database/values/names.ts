const MAX_IDENTIFIER_LENGTH = 64;
const MAX_FIELD_NAME_LENGTH = 1_024;

/**
 * Why a text is no identifier (of a table, an index, a field of a validator, a function), in
 * Convex's words.
 */
export function identifierProblem(text: string): string | null {
  const [first, ...rest] = text;
  if (first === undefined) return "Identifier cannot be empty";
  if (!/^[A-Za-z_]$/.test(first)) {
    return `Invalid first character ${displayCharacter(first)} in ${text}: Identifiers must start with an alphabetic character or underscore`;
  }
  const wrong = rest.find((character) => !/^[A-Za-z0-9_]$/.test(character));
  if (wrong !== undefined) {
    return `Identifier ${text} has invalid character ${displayCharacter(wrong)}: Identifiers can only contain alphanumeric characters or underscores`;
  }
  if (text.length > MAX_IDENTIFIER_LENGTH) {
    return `Identifier is too long (${text.length} > maximum ${MAX_IDENTIFIER_LENGTH})`;
  }
  return /^_+$/.test(text)
    ? `Identifier ${text} cannot have exclusively underscores`
    : null;
}

/** Why a text cannot name a field of an object, in Convex's words. */
export function fieldNameProblem(text: string): string | null {
  if (text.startsWith("$")) {
    return `Field name ${text} starts with '$', which is reserved.`;
  }
  const wrong = /[^\x20-\x7e]/u.exec(text)?.[0];
  if (wrong !== undefined) {
    return `Field name ${text} has invalid character ${displayCharacter(wrong)}: Field names can only contain non-control ASCII characters`;
  }
  return text.length > MAX_FIELD_NAME_LENGTH
    ? `Field name is too long (${text.length} > maximum ${MAX_FIELD_NAME_LENGTH})`
    : null;
}

function displayCharacter(character: string): string {
  return /[^\x20-\x7e]/.test(character) && character < "\x80"
    ? JSON.stringify(character).replaceAll('"', "'")
    : `'${character}'`;
}
