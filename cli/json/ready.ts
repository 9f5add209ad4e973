/** Output of commands that go on until somebody ends them, printed once they are ready. */

/** Output of `serve`, once the deployment is ready */
export interface ServeJson {
  ready: true;
  url: string;
  /** The address of the app's HTTP actions. */
  siteUrl: string;
  dataDir: string;
  adminKeyFile: string;
}

/** Output of `dashboard`, once the page can be opened */
export interface DashboardJson {
  ready: true;
  /** The link that lets one browser in, once. */
  url: string;
}
