using EventLoop;
using EventLoop.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// A host with a loop, for the tests to start as a process. The argument says how it is to end: "wait" for a
// signal, "exit" by itself, by the "loop" being stopped, or "fail".
var builder = Host.CreateApplicationBuilder();
builder.Services.AddEventLoop();
builder.Services.AddSingleton(new Story(args[0]));
builder.Services.AddHostedService<Service>();
var host = builder.Build();
var service = host.Services.GetServices<IHostedService>().OfType<Service>().Single();
await host.RunAsync();
await Task.WhenAny(service.ExecuteTask!);
Console.WriteLine(service.ExecuteTask!.IsFaulted ? "the service has failed" : "the service has ended");
Console.WriteLine("the host has ended");

internal sealed record Story(string End);

internal sealed class Service(Loop loop, Story story) : BackgroundLoopService(loop)
{
    protected override async Coroutine ExecuteAsync()
    {
        try
        {
            await Loop.Sleep(1);
            Console.WriteLine("ready");
            switch (story.End)
            {
                case "exit":
                    throw new LoopExitException(7);
                case "loop":
                    Loop.Stop();
                    break;
                case "fail":
                    throw new InvalidOperationException("the service is broken");
            }

            await Loop.Sleep(TimeSpan.FromMinutes(5));
        }
        finally
        {
            Console.WriteLine($"cleaned up {(Loop.TryGetCurrent(out _) ? "on the loop" : "elsewhere")}");
        }
    }
}
