import type { AnalyzedFunction } from "../../functions/types.js";
import { checkCronSpec, type CronSpec } from "../../scheduler/cronSpec.js";
import { badRequest } from "../http/http.js";
import { exportJson } from "./definitions.js";

export interface AnalyzedCron {
  identifier: string;
  spec: CronSpec;
}

/** The crons of a `crons.js`, by its default export. */
export function analyzeCrons(crons: unknown): AnalyzedCron[] {
  if (!isCrons(crons)) {
    throw badRequest(
      "InvalidModules",
      crons === undefined
        ? "`convex/crons.js` must have a default export of a Crons object."
        : "The default export of `convex/crons.js` is not a Crons object.",
    );
  }
  const specs = exportJson(crons, "crons.js") as Record<string, CronSpec>;
  return Object.entries(specs).map(([identifier, spec]) => {
    checkCronSpec(identifier, spec);
    return { identifier, spec };
  });
}

function isCrons(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "isCrons" in value &&
    value.isCrons === true
  );
}

/** Refuses crons of functions that the same push does not have, and of queries. */
export function checkCronTargets(
  analysis: ReadonlyMap<
    string,
    {
      readonly functions: readonly AnalyzedFunction[];
      readonly cronSpecs: readonly AnalyzedCron[] | null;
    }
  >,
): void {
  for (const { cronSpecs } of analysis.values()) {
    for (const { identifier, spec } of cronSpecs ?? []) {
      const [modulePath = "", name = "default"] = spec.name.split(":");
      const path = `${modulePath.replace(/\.js$/, "")}.js`;
      const target = analysis
        .get(path)
        ?.functions.find((candidate) => candidate.name === name);
      if (target !== undefined && target.udfType !== "Query") continue;
      throw badRequest(
        "InvalidModules",
        target === undefined
          ? `The cron job '${identifier}' schedules a function that does not exist: ${path}:${name}`
          : `The cron job '${identifier}' schedules a query function, only actions and mutations can be scheduled: ${path}:${name}`,
      );
    }
  }
}
