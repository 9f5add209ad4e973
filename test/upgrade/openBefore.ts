/** A deployment of an earlier version, of a checkout beside this one, whose directory is to be kept. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type * as Embedded from "@sessions-ops/embedded";
import { withLeanPushes } from "../../embedded/test/officialCli/leanPush.js";
import { FakeClock } from "../../embedded/test/support/fakeClock.js";
import { packDirectory } from "./directoryFile.js";
import { deployApp, Driven } from "./drive.js";

/**
 * Opens a deployment of the version that is checked out in the folder which the command line names, with that
 * version's app deployed.
 * @param embedded the module of the embedded deployment in that version
 */
export async function openBefore(embedded: string, startAt: number) {
  const [checkout] = process.argv.slice(2);
  if (checkout === undefined) throw new Error("Name the checkout.");
  const before = path.resolve(checkout);
  const { openDeployment } = (await import(
    pathToFileURL(path.join(before, embedded)).href
  )) as typeof Embedded;
  const dataDir = await mkdtemp(path.join(tmpdir(), "before-"));
  const clock = new FakeClock(startAt);
  const deployment = await openDeployment({ dataDir, port: 0, clock });
  const driven = new Driven(deployment, clock);
  await withLeanPushes(deployment, (lean) => deployApp(before, lean));
  await driven.settle();

  /** Closes the deployment, and writes its directory to the file. */
  const keep = async (file: string) => {
    await deployment.close();
    const packed = await packDirectory(dataDir);
    await writeFile(file, packed);
    await rm(dataDir, { recursive: true });
    console.log(`${file}: ${packed.length} bytes`);
  };
  return { clock, driven, keep };
}
