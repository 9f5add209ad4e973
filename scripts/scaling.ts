/**
 * `npm run scaling`: reckons the tables of docs/scaling.md anew, from what `npm run bench:scale -- --write` measured and
 * from Convex's prices and limits.
 */
import { readFile, writeFile } from "node:fs/promises";
import { format, resolveConfig } from "prettier";
import { readMeasured } from "./scaling/measured.js";
import { tablesOf, withTables } from "./scaling/tables.js";

const file = new URL("../docs/scaling.md", import.meta.url);
const page = await readFile(file, "utf8");
const filled = withTables(page, tablesOf(readMeasured()));
const config = await resolveConfig(file);
await writeFile(file, await format(filled, { ...config, parser: "markdown" }));
