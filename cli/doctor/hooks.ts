import type { ComponentClient } from "../deployment/client.js";
import { failedAdvice, owedAdvice } from "../hooks/advice.js";
import { ok, problem, type Finding } from "./finding.js";

/** Findings on the app's hooks; none where it has no hooks and owes nothing. */
export async function checkHooks(client: ComponentClient): Promise<Finding[]> {
  const hooks = await client.mutation("operator/hooks:check", {});
  const { hooks: set, hookDebts } = await client.query(
    "operator/status:get",
    {},
  );
  const failing = hooks.flatMap(({ name, handle, error }) =>
    error === null
      ? []
      : [
          problem(
            "hooks",
            `${name} (${handle}) does not answer: ${error}`,
            `Deploy its function again, or name another with setSessionHooks; \`sessions-ops hooks clear ${name}\` removes it.`,
          ),
        ],
  );
  const failed = set.flatMap((hook) => {
    const advice = failedAdvice(hook);
    return advice === null
      ? []
      : [problem("hooks", advice.what, advice.remedy)];
  });
  const found = [
    ...failing,
    ...failed,
    ...(hookDebts === 0 ? [] : [owed(hookDebts)]),
  ];
  if (found.length > 0) return found;
  return hooks.length === 0 ? [] : [ok("hooks", "each answers")];
}

function owed(hookDebts: number): Finding {
  const { what, remedy } = owedAdvice(hookDebts);
  return problem("hooks", what, remedy);
}
