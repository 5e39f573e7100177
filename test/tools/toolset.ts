/** Which tools of other projects the tests run, read from go.mod alone, and the folder that keeps them. */
import { cacheFolder, readPins } from '../go-modules/pins.ts';

/** The folder of the Go module that pins the tools. */
export const moduleDirectory = import.meta.dirname;

/** The tools by their file names, in the order in which they are built. */
export const toolNames = ['actionlint', 'helm'] as const;

export type ToolName = (typeof toolNames)[number];

type Origin = {
  readonly modulePath: string;
  /** The Go package that makes it. */
  readonly packagePath: string;
  /** What the linker stamps: a build outside of a tool's own repository does not know its version, or only half of it. */
  readonly versionVariable: string;
};

const origins: Readonly<Record<ToolName, Origin>> = {
  actionlint: {
    modulePath: 'github.com/rhysd/actionlint',
    packagePath: 'github.com/rhysd/actionlint/cmd/actionlint',
    versionVariable: 'github.com/rhysd/actionlint.version',
  },
  helm: {
    modulePath: 'helm.sh/helm/v4',
    packagePath: 'helm.sh/helm/v4/cmd/helm',
    versionVariable: 'helm.sh/helm/v4/internal/version.version',
  },
};

export type Tool = {
  readonly name: ToolName;
  /** As go.mod has it, for example `v4.3.1`. */
  readonly version: string;
  /** The Go package that makes it. */
  readonly packagePath: string;
  /** For `go build -ldflags`: stamps the version. */
  readonly linkerFlags: string;
};

export type Toolset = {
  readonly tools: readonly Tool[];
  /** The oldest Go that builds them, for example `1.26.0`. */
  readonly goVersion: string;
  /** The cache folder of exactly these pins on this platform; it need not exist. */
  readonly directory: string;
};

/** Returns the pinned tools. The cache follows XDG_CACHE_HOME of `environment`, as any cache of a user should. */
export function readToolset(environment: NodeJS.ProcessEnv): Toolset {
  const { goVersion, hash, versionOf } = readPins(moduleDirectory);
  const tools = toolNames.map((name) => {
    const { modulePath, packagePath, versionVariable } = origins[name];
    const version = versionOf(modulePath);
    return { name, version, packagePath, linkerFlags: `-X ${versionVariable}=${version}` };
  });
  return { tools, goVersion, directory: cacheFolder(`tools-${hash}`, environment) };
}
