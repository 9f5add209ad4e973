import type { Connection } from "../deployment/connect.js";

/** The deployment that a command talks to. */
export interface TargetJson {
  url: string;
  component: string;
  /** What a write to it has to be confirmed with; `null` outside production. */
  productionName: string | null;
}

export function toTargetJson({ target, client }: Connection): TargetJson {
  const { url, productionName } = target;
  return { url, component: client.component, productionName };
}
