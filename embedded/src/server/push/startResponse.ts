import type { Environment } from "../environment.js";
import { checkedTree } from "./components.js";
import { diffRevisions } from "./diff.js";
import type { CodeRevision, RevisionDefinition } from "./revision.js";

/**
 * The answer to `start_push`. The CLI generates code from it and hands it back
 * to `finish_push`; `pushId` travels in `schemaChange`, which also goes to
 * `wait_for_schema`.
 */
export function startPushResponse(
  pushId: string,
  previous: CodeRevision,
  next: CodeRevision,
  environment: Environment,
): Record<string, unknown> {
  const diffs = Object.entries(diffRevisions(previous, next));
  return {
    environmentVariables: environment,
    externalDepsId: null,
    componentDefinitionPackages: {},
    appAuth: next.auth,
    analysis: Object.fromEntries(
      [...next.definitions].map(([path, definition]) => [
        path,
        evaluatedDefinition(definition),
      ]),
    ),
    app: checkedTree(next.definitions),
    schemaChange: {
      allocatedComponentIds: {},
      schemaIds: { pushId },
      indexDiffs: Object.fromEntries(
        diffs.map(([path, { indexDiff }]) => [path, indexDiff]),
      ),
    },
  };
}

function evaluatedDefinition(
  definition: RevisionDefinition,
): Record<string, unknown> {
  return {
    definition: definition.metadata,
    schema: definition.schema,
    functions: Object.fromEntries(definition.analysis),
    udfConfig: {
      serverVersion: definition.udfServerVersion,
      importPhaseRngSeed: { $bytes: "" },
      importPhaseUnixTimestamp: { $integer: "AAAAAAAAAAA=" },
    },
  };
}
