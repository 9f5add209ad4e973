/** What a deployment is named by, checked before anything is sent: its URL, and the file of its key. */
import { existsSync, readFileSync } from "node:fs";
import { CliError, messageOf } from "../../errors.js";
import { AdminKey } from "./adminKey.js";

export const WHERE_KEYS_COME_FROM =
  "Convex Cloud: the deployment's settings on https://dashboard.convex.dev; self-hosted: ./generate_admin_key.sh in the backend's container; `sessions-ops serve`: the file admin-key in its data directory";

/** @throws unauthorized, where there is no such file, or no key in it */
export function readAdminKey(path: string): AdminKey {
  if (!existsSync(path)) {
    throw new CliError(
      "unauthorized",
      `There is no admin key file at ${path}. ${WHERE_KEYS_COME_FROM}.`,
    );
  }
  try {
    return new AdminKey(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      "unauthorized",
      `The admin key file ${path} cannot be read: ${messageOf(error)}`,
    );
  }
}

/** The URL as requests need it. @throws usage, where it is none, or holds a password */
export function checkedUrl(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new CliError(
      "usage",
      `${JSON.stringify(text)} (${source}) is not the URL of a deployment. Give one such as https://happy-animal-123.convex.cloud.`,
    );
  }
  if (url.username || url.password) {
    throw new CliError(
      "usage",
      `The deployment's URL (${source}) contains a user name or a password. Leave them out; the admin key is all it needs.`,
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
