import type { Connection } from "../deployment/connect.js";

/** The deployment that a command talks to. */
export interface TargetJson {
  /** The address of the deployment. */
  url: string;
  /** Where the component is mounted. */
  component: string;
  /** The name that confirms a write to it; `null` outside production. */
  productionName: string | null;
}

export function toTargetJson({ target, client }: Connection): TargetJson {
  const { url, productionName } = target;
  return { url, component: client.component, productionName };
}
