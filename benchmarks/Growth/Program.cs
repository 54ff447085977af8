// How the processor time of each path grows whose length users choose: n and 4n, and the ratio. Linear is 4, quadratic 16.
//   Growth [--rounds N] [--scale K] [WORD...]     only cases whose names have one of the words, at K times their n; exit code 1 when a ratio is above the limit
// What leaves the processor's caches between n and 4n looks worse than linear there and returns to it at a larger scale; what is quadratic nears 16.
using System.Globalization;
using EventLoop.Benchmarks.Growth;

const double Limit = 5;
const int MostRounds = 12;
var patience = TimeSpan.FromSeconds(1);      // for one run of one case: what takes longer is not repeated

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int rounds = 4;
int scale = 1;
List<string> words = [];
for (int i = 0; i < args.Length; i++)
{
    if (args[i] == "--rounds")
    {
        rounds = int.Parse(args[++i]);
    }
    else if (args[i] == "--scale")
    {
        scale = int.Parse(args[++i]);
    }
    else
    {
        words.Add(args[i]);
    }
}

int above = 0;
Console.WriteLine($"{"case",-64} {"n",7} {"ms(n)",9} {"ms(4n)",9} {"ratio",6}");
foreach (var one in GrowthCase.All.Select(one =>
    one with { N = one.N * scale }).Where(one => words.Count == 0 || words.Exists(word => one.Name.Contains(word, StringComparison.OrdinalIgnoreCase))))
{
    var (shorter, longer) = Measure(one);
    double ratio = longer / shorter;
    above += ratio > Limit ? 1 : 0;
    Console.WriteLine($"{one.Name,-64} {one.N,7} {shorter,9:F2} {longer,9:F2} {ratio,6:F1}{(ratio > Limit ? "  <--" : "")}");
}

Console.WriteLine(above == 0 ? "All linear." : $"{above} above {Limit}.");
return above == 0 ? 0 : 1;

// The least of several rounds, as what noise there is only adds; more rounds for what looks bad, so that noise alone accuses nobody.
(double Shorter, double Longer) Measure(GrowthCase one)
{
    double shorter = double.MaxValue;
    double longer = double.MaxValue;
    Time(one, one.N / 4);
    for (int round = 0; round < rounds || (longer / shorter > Limit && round < MostRounds); round++)
    {
        shorter = Math.Min(shorter, Math.Min(Time(one, one.N), Time(one, one.N)));
        longer = Math.Min(longer, Time(one, 4 * one.N));
        if (longer > patience.TotalMilliseconds)
        {
            break;
        }
    }

    return (shorter, longer);
}

static double Time(GrowthCase one, int n)
{
    GC.Collect();
    return ThreadClock.Time(() => one.Run(n));
}
