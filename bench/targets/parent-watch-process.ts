// Loaded into a server under test before its own code: the server ends with the benchmark that started it, however that ends.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
