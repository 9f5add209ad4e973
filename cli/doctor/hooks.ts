import type { ComponentClient } from "../deployment/client.js";
import { countOf } from "../terminal/output.js";
import { ok, problem, type Finding } from "./finding.js";

/** Nothing at all where the app has no hooks and owes nothing. */
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

/** What an operator reads of debts, here and in `status`. */
export function owedText(hookDebts: number): string {
  const many = hookDebts >= 100 ? "at least " : "";
  return `the app's hook has not done its part for ${many}${countOf(hookDebts, "erased session")}`;
}

export const OWED_REMEDY =
  "`sessions-ops hooks` shows why, `sessions-ops hooks retry` calls it again.";

function owed(hookDebts: number): Finding {
  return problem("hooks", owedText(hookDebts), OWED_REMEDY);
}
