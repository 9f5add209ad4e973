/** Whether what the CLI prints for programs is what its schemas say. */
import { Ajv } from "ajv";
import cliSchema from "../../../docs/cli.schema.json" with { type: "json" };

const schemas = new Ajv({
  strict: true,
  allowUnionTypes: true,
  schemas: [{ ...cliSchema, $id: "cli" }],
});

/** What is wrong with a value of that shape: nothing is "". */
export function notOf(shape: string, value: unknown): string {
  const isValid = schemas.getSchema(`cli#/definitions/${shape}`);
  if (isValid === undefined) return `no schema of ${shape}`;
  return isValid(value) ? "" : schemas.errorsText(isValid.errors);
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const NAMES_TIME = /^(at|until|cutoff|newest|lastActive|.*At)$/;

/** The paths where a time is no ISO time, or the target has another shape. */
export function faults(value: unknown, path = "$"): string[] {
  if (typeof value === "number")
    return value > 1e11 ? [`${path}: ${value}`] : [];
  if (typeof value === "string") {
    return /^\d{4}-\d\d-\d\d[T ]/.test(value) && !ISO.test(value)
      ? [`${path}: ${value}`]
      : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const at = `${path}.${name}`;
    const isTime =
      inner === null || (typeof inner === "string" && ISO.test(inner));
    if (NAMES_TIME.test(name) && !isTime)
      return [`${at}: ${JSON.stringify(inner)}`];
    if (name === "target") {
      const { url, component, productionName, ...rest } = Object(
        inner,
      ) as Record<string, unknown>;
      const isTarget =
        url === "http://127.0.0.99:3210" &&
        component === "sessionTracker" &&
        productionName === null &&
        Object.keys(rest).length === 0;
      return isTarget ? [] : [`${at}: ${JSON.stringify(inner)}`];
    }
    return faults(inner, at);
  });
}
