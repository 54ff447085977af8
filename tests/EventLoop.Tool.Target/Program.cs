using EventLoop;
using EventLoop.Diagnostics;
using EventLoop.Tool.Target;

// What the tests of the tool look into. It says "ready" when it is as its name says, and lives until it is killed, or for two minutes.
switch (args.Length > 0 ? args[0] : "mix")
{
    case "none":
        Console.WriteLine("ready");
        Thread.Sleep(Work.Life);
        break;
    case "many":
        Loop.Run(Work.Many);
        break;
    case "busy":
        Loop.Run(Work.Busy);
        break;
    case "spin":
        Loop.Run(Work.Spin);
        break;
    case "forever":
        Forever.Run();
        break;
    case "loops":
        Work.Loops();
        break;
    default:
        Loop.Run(Work.Mix);
        break;
}
