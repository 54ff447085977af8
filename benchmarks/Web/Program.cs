using EventLoop.Benchmarks.Web;

// A server to be measured: Web loop|sockets|bare PORT. It says "ready" and runs until its input ends; each line of input is answered with its figures so far.
if (args is not [var kind, var port] || !int.TryParse(port, out int number))
{
    Console.Error.WriteLine("usage: Web loop|sockets|inline|bare PORT");
    return 2;
}

return kind == "bare" ? BareServer.Run(number) : await SiteServer.RunAsync(kind, number);
