// Finds files, exports and dependencies that nothing uses. `knip` counts the tests among the users; `knip --production` does not,
// so it finds code that only a test calls. There, an export that its own file uses is one for the sake of its test.
const isProduction = process.argv.includes('--production');

export default {
  entry: [
    'src/{server,launch,tool,manual}/main.ts!',
    'src/client/index.ts!',
    'src/**/{*-process,*-thread,worker,parent-watch}.ts!',
    // The pages' starts, and what its tests load by path.
    'src/playground/web/{app,api,curl,docs/docs,stream/stream}.js!',
    // Its test loads it by path, with a flag of V8's.
    'src/server/loop/kept-tick.ts!',
    'bench/**/{main,*-process,*-thread}.ts!',
    'bench/{micro,loops,images,peers/servers}/**/*.{ts,js}!',
    'bin/*.{js,cjs}!',
    'docker/*.{js,cjs}!',
    'tools/*.js!',
    'tools/*/*.js!',
    'test/**/*.test.ts',
    'test/**/{*-owner,*-process,*-thread,*-worker,run-once}.ts',
  ],
  project: ['{src,bench,tools,bin,docker}/**/*.{ts,js,cjs}!', 'test/**/*.ts'],
  ignoreExportsUsedInFile: isProduction || { interface: true, type: true },
  // Written by tools/build.js.
  ignoreUnresolved: ['./place-captions.js'],
  // Named for its version alone: newer ones want Node 22.
  ignoreDependencies: ['light-my-request'],
};
