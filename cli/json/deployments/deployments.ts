import type { FindingJson } from "../doctor.js";
import type {
  DeploymentsFile,
  NamedDeployment,
} from "../../deployment/target/deploymentsFile.js";

/** A deployment that the operator has named. */
export interface DeploymentJson {
  /** Its name. */
  name: string;
  /** The address of the deployment. */
  url: string;
  /** The path of the file that its key is in. */
  adminKeyFile: string;
  /** Where the component is mounted; `null` where it was not said. */
  component: string | null;
  /** Whether it is in production; `null` where its key and its address tell. */
  production: boolean | null;
  /** Whether it is the default. */
  isDefault: boolean;
}

export function toDeploymentJson(
  name: string,
  { url, adminKeyFile, component, production }: NamedDeployment,
  file: DeploymentsFile,
): DeploymentJson {
  return {
    name,
    url,
    adminKeyFile,
    component: component ?? null,
    production: production ?? null,
    isDefault: file.default === name,
  };
}

/** Output of `deployments list` */
export interface DeploymentListJson {
  /** The path of the file that they are in. */
  file: string;
  /** The deployment of commands where nothing else names one. */
  default: string | null;
  /** The deployments that have names. */
  deployments: DeploymentJson[];
}

/** Output of `deployments add` and `deployments remove` */
export interface DeploymentChangeJson {
  /** The path of the file. */
  file: string;
  /** The deployment. */
  deployment: DeploymentJson;
}

/** Output of `deployments use` */
export interface DeploymentUseJson {
  /** The path of the file. */
  file: string;
  /** The name of the default; `null` where there is none. */
  default: string | null;
  /** What goes before the default in this folder; `null` where nothing does. */
  overriddenBy: string | null;
}

/** Output of `deployments check` */
export interface DeploymentCheckJson {
  /** Whether no finding is a problem. */
  healthy: boolean;
  /** The deployments that have names. */
  deployments: CheckedDeploymentJson[];
}

/** A deployment that has a name, and what was found of it. */
export interface CheckedDeploymentJson {
  /** Its name. */
  name: string;
  /** The address of the deployment. */
  url: string;
  /** Whether no finding is a problem. */
  healthy: boolean;
  /** What was found. */
  findings: FindingJson[];
}
