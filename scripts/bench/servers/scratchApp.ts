import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MeasuredDeployment, ROOT } from "./deployment.js";

/** A deployment with the `convex` folder at `folder`, a path in the repository, as its whole app. */
export async function deployFolder(
  folder: string,
): Promise<MeasuredDeployment> {
  const app = await mkdtemp(join(tmpdir(), "sessions-ops-app-"));
  try {
    const manifest = { name: "scratch", dependencies: { convex: "*" } };
    await writeFile(join(app, "package.json"), JSON.stringify(manifest));
    await symlink(join(ROOT, "node_modules"), join(app, "node_modules"));
    await cp(join(ROOT, folder), join(app, "convex"), { recursive: true });
    return await MeasuredDeployment.start(app);
  } finally {
    await rm(app, { recursive: true });
  }
}
