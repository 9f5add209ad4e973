/** The tracker on a deployment in a process of its own, which tests kill. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type {
  Args,
  FunctionName,
  Returns,
} from "../../../cli/deployment/api.js";
import { KillableDeployment } from "../../../embedded/test/support/process/killable.js";
import { CONVEX_CLI } from "../../../embedded/test/support/officialCli.js";

const ROOT = join(import.meta.dirname, "../../..");

/** Starts a deployment, and deploys the app of this repository to it. @param home of the official CLI */
export async function startWithTracker(
  dataDir: string,
  home: string,
): Promise<KillableDeployment> {
  const deployment = await KillableDeployment.start(dataDir);
  const flags = ["--yes", "--typecheck=disable", "--codegen=disable"];
  await promisify(execFile)(
    process.execPath,
    [CONVEX_CLI, "deploy", ...flags],
    {
      cwd: ROOT,
      env: {
        PATH: process.env["PATH"],
        HOME: home,
        CONVEX_SELF_HOSTED_URL: deployment.url,
        CONVEX_SELF_HOSTED_ADMIN_KEY: deployment.adminKey,
        CONVEX_DEPLOYMENT: "",
        CONVEX_DEPLOY_KEY: "",
      },
    },
  );
  return deployment;
}

/** Calls a function of the tracker. */
export async function call<Name extends FunctionName>(
  target: KillableDeployment,
  name: Name,
  args: Args<Name>,
): Promise<Returns<Name>> {
  const { body } = await target.post(
    "/api/function",
    { componentPath: "sessionTracker", path: name, args, format: "json" },
    { authorization: `Convex ${target.adminKey}` },
  );
  const answer = body as { status: string; value: unknown };
  if (answer.status !== "success") throw new Error(JSON.stringify(answer));
  return answer.value as Returns<Name>;
}
