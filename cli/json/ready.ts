/** Output of commands that go on until somebody ends them, printed once they are ready. */

/** Output of `serve`, once the deployment is ready */
export interface ServeJson {
  /** Always `true`: it takes requests from now on. */
  ready: true;
  /** The address of the deployment. */
  url: string;
  /** The address of the app's HTTP actions. */
  siteUrl: string;
  /** Where its data is kept. */
  dataDir: string;
  /** The file that has its admin key. */
  adminKeyFile: string;
}

/** Output of `dashboard`, once the page can be opened */
export interface DashboardJson {
  /** Always `true`: it takes requests from now on. */
  ready: true;
  /** The link that lets one browser in, once. */
  url: string;
}
