using EventLoop.Benchmarks.Web;

// A server to be measured: Web loop|sockets|inline|bare PORT FOLDER. It says "ready" and runs until its input ends; each line of input is answered with its
// figures so far. The files of the folder are below /static.
if (args is not [var kind, var port, var folder] || !int.TryParse(port, out int number))
{
    Console.Error.WriteLine("usage: Web loop|sockets|inline|bare PORT FOLDER");
    return 2;
}

return kind == "bare" ? BareServer.Run(number) : await SiteServer.RunAsync(kind, number, folder);
