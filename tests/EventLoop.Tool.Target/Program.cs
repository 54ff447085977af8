using EventLoop;
using EventLoop.Tool.Target;

// What the tests of the tool look into. It says "ready" when it is as its name says, and lives until it is killed, or for two minutes.
switch (args.Length > 0 ? args[0] : "mix")
{
    case "none":
        Console.WriteLine("ready");
        Thread.Sleep(Work.Life);
        break;
    case "many":
        Loop.Run(() => Work.Many(args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 100_000));
        break;
    case "busy":
        Loop.Run(Work.Busy);
        break;
    case "paced":
        Loop.Run(Work.Paced);
        break;
    case "spin":
        Loop.Run(Work.Spin);
        break;
    case "stuck":
        Loop.Run(Work.StuckOnceRecorded);
        break;
    case "names":
        Loop.Run(BadNames.Use, new LoopOptions { Name = BadNames.All[0] });
        break;
    case "restless":
        Work.Restless();
        break;
    case "dumps":
        Loop.Run(() => Work.Dumps(args[1]));
        break;
    case "othersource":
        OtherSource.Run(args[1]);
        break;
    case "forever":
        Forever.Run();
        break;
    case "starved":
        Loop.Run(Unlucky.Starved);
        break;
    case "between":
        Unlucky.Between();
        break;
    case "loops":
        Work.Loops();
        break;
    default:
        Loop.Run(Work.Mix);
        break;
}
