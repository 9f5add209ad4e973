import type { ComponentClient } from "../deployment/client.js";
import { owedAdvice } from "../hooks/owed.js";
import { ok, problem, type Finding } from "./finding.js";

/** Findings on the app's hooks; none where it has no hooks and owes nothing. */
export async function checkHooks(client: ComponentClient): Promise<Finding[]> {
  const hooks = await client.mutation("operator/hooks:check", {});
  const { hookDebts } = await client.query("operator/status:get", {});
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
  const found = hookDebts === 0 ? failing : [...failing, owed(hookDebts)];
  if (found.length > 0) return found;
  return hooks.length === 0 ? [] : [ok("hooks", "each answers")];
}

function owed(hookDebts: number): Finding {
  const { what, remedy } = owedAdvice(hookDebts);
  return problem("hooks", what, remedy);
}
