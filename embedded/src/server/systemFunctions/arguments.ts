import type { JSONValue, ValidatorJSON } from "convex/values";

/** A field of arguments: its validator, or one that may be left out. */
type Field = ValidatorJSON | { fieldType: ValidatorJSON; optional: true };

export const text: ValidatorJSON = { type: "string" };
export const number: ValidatorJSON = { type: "number" };
export const anything: ValidatorJSON = { type: "any" };

export function optional(fieldType: ValidatorJSON): Field {
  return { fieldType, optional: true };
}

export function nullable(validator: ValidatorJSON): ValidatorJSON {
  return { type: "union", value: [validator, { type: "null" }] };
}

export function oneOf(...values: string[]): ValidatorJSON {
  return {
    type: "union",
    value: values.map((value) => ({ type: "literal", value })),
  };
}

export function listOf(value: ValidatorJSON): ValidatorJSON {
  return { type: "array", value };
}

export function objectOf(
  fields: Readonly<Record<string, Field>>,
): ValidatorJSON {
  const value = Object.entries(fields).map(
    ([name, field]) =>
      [
        name,
        "fieldType" in field && "optional" in field
          ? field
          : { fieldType: field, optional: false },
      ] as const,
  );
  return { type: "object", value: Object.fromEntries(value) };
}

/** The arguments of a function that acts on a component, which it is told by its id: its path. */
export function inComponent(
  fields: Readonly<Record<string, Field>> = {},
): ValidatorJSON {
  return objectOf({ ...fields, componentId: optional(nullable(text)) });
}

export const NOTHING = objectOf({});

/** `paginationOptsValidator` of `convex/server`. */
export const PAGE = objectOf({
  numItems: number,
  cursor: nullable(text),
  endCursor: optional(nullable(text)),
  id: optional(number),
  maximumRowsRead: optional(number),
  maximumBytesRead: optional(number),
});

/** Arguments that a validator has accepted. */
export type Args = Readonly<Record<string, JSONValue>>;

/** A page that was asked for, checked by {@link PAGE}. */
export interface PageOptions {
  readonly numItems: number;
  readonly cursor: string | null;
  readonly endCursor?: string | null;
}

export function pageOptions(args: Args): PageOptions {
  return args["paginationOpts"] as unknown as PageOptions;
}

/** Stands for `undefined` in the dashboard's calls, which cannot carry it. */
const UNDEFINED_PLACEHOLDER =
  "__CONVEX_PLACEHOLDER_undefined_I23atX0jcndVbFgXoQZffsih7eAqktCyFjgUuAeNBtfr3ySOljPSPSEOPFgprkdBO3zXNiGEJxmJ5ZFPc5C5qKesG80QRPvlJe8vgSxAt9feLTwxTg4PHfVwUaTEJU67FDwldWmTxp1guMPwxQ2jOuhEryTBf3mQ";

/** A value of the dashboard as queries and writes take it. */
export function queryValue(value: JSONValue | undefined): JSONValue {
  return value === undefined || value === UNDEFINED_PLACEHOLDER
    ? { $undefined: null }
    : value;
}
