/** Builds the tools of other projects that the tests run, from the pinned Go module into the user's cache. */
import { runBuild } from '../go-modules/build.ts';
import { moduleDirectory, readToolset } from './toolset.ts';

const { tools, goVersion, directory } = readToolset(process.env);

await runBuild({
  label: tools.map(({ name, version }) => `${name} ${version}`).join(' and '),
  moduleDirectory,
  goVersion,
  directory,
  binaries: tools,
  withoutGo: 'set IRSA_TEST_TOOLS to a folder that holds them',
});
