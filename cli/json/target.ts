import type { Connection } from "../deployment/connect.js";

/** The deployment that a command talks to. */
export interface TargetJson {
  url: string;
  component: string;
  /** The name that confirms a write to it; `null` outside production. */
  productionName: string | null;
}

export function toTargetJson({ target, client }: Connection): TargetJson {
  const { url, productionName } = target;
  return { url, component: client.component, productionName };
}
