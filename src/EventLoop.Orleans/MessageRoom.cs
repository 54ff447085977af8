using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace EventLoop.Orleans;

/// <summary>How much a message of Orleans carries. Orleans does not send a larger one, and that would look like a lost silo.</summary>
/// <param name="limit">The option's value.</param>
internal sealed class MessageRoom(int limit)
{
    /// <summary>Added to the bytes of each piece: keys, numbers, and names of types.</summary>
    internal const int EachPiece = 1024;

    private const int Rest = 16 * 1024;      // what Orleans adds, and the name of a function

    private readonly int bytes = Math.Max(limit - Rest, limit / 2);

    /// <summary>That of a client, or of a silo.</summary>
    internal static MessageRoom Of(IServiceProvider services)
    {
        MessagingOptions? options = services.GetService<ILocalSiloDetails>() is null
            ? services.GetService<IOptions<ClientMessagingOptions>>()?.Value : services.GetService<IOptions<SiloMessagingOptions>>()?.Value;
        return new MessageRoom(options?.MaxMessageBodySize ?? int.MaxValue);
    }

    internal bool Holds(long number) => number <= bytes;

    /// <summary>Says why these bytes cannot be sent; null: they can.</summary>
    internal string? Refusal(string what, int length) => Holds(length) ? null
        : $"{what}: {length} bytes, and a message of Orleans carries at most {limit}, of which {bytes} are for these. Send less at once, or where it is to be "
            + "found; or raise MaxMessageBodySize of ClientMessagingOptions on all clients, and of SiloMessagingOptions on all silos.";
}
