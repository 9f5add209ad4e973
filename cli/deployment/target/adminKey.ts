import { CliError } from "../../errors.js";

/** A key that can be used but neither printed, serialised nor inspected by accident. */
export class AdminKey {
  readonly #value: string;

  /**
   * @param origin names where the key came from, for messages
   */
  constructor(text: string, origin: string) {
    const value = text.trim();
    // fetch refuses other characters in a header with an error that quotes the whole header.
    if (!/^[\x21-\x7e]+$/.test(value)) {
      throw new CliError(
        "unauthorized",
        value === ""
          ? `The admin key from ${origin} is empty.`
          : `The admin key from ${origin} is not one line of printable characters; check that it holds nothing but the key.`,
      );
    }
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** The purpose that a deploy key of Convex Cloud names; `null` for other keys, which name none. */
  deploymentType(): "prod" | "dev" | "preview" | null {
    const type = /^(prod|dev|preview):.*\|/.exec(this.#value)?.[1];
    return (type ?? null) as "prod" | "dev" | "preview" | null;
  }

  /** The deployment that a key of Convex Cloud names: `prod:name|secret`. */
  deploymentName(): string | null {
    if (this.deploymentType() === null) return null;
    return this.#value.split("|")[0]?.split(":").at(-1) ?? null;
  }

  /** Takes the key out of a text from elsewhere. */
  redact(text: string): string {
    return text.replaceAll(this.#value, "[admin key]");
  }

  toString(): string {
    return "[admin key]";
  }

  toJSON(): string {
    return this.toString();
  }
}
